"""Any local Hugging Face model as a base: loaded from safetensors only, checked before hours are spent on it.

A causal language model is read as it is. An encoder (BERT and its like) reads in both directions; `hidden_states`
gives it a mask under which a token sees its own step and those before it, so that a step's rating depends on no later
one (Lightman et al. 2023, §2.6 rate every step in one pass over the solution).
"""

from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from torch import Tensor, nn
from transformers import AutoConfig, AutoModel, AutoModelForCausalLM, AutoTokenizer
from transformers.models.auto.modeling_auto import MODEL_FOR_MASKED_LM_MAPPING_NAMES
from transformers.utils import logging

from active_learning.config import Precision, TrainConfig
from active_learning.data import Batch

# Standard error is for the sentence that says what went wrong; weights that are missing are ours to refuse.
logging.disable_progress_bar()
logging.set_verbosity_error()

LABEL_WORDS = ((" bad", " neutral", " good"), ("bad", "neutral", "good"), ("-", "0", "+"))
DTYPES: dict[Precision, torch.dtype] = {"fp32": torch.float32, "bf16": torch.bfloat16}


class ModelError(ValueError):
    """This directory cannot serve as a base model or checkpoint."""


def check_is_model(directory: Path) -> None:
    """Say so before a library guesses what else the name could mean."""
    if not directory.is_dir():
        raise ModelError(f"There is no folder {directory}: name the directory of a model.")
    if not (directory / "config.json").is_file():
        raise ModelError(f"{directory} is no model directory: it has no config.json.")


def load_tokenizer(directory: Path) -> Any:
    tokenizer = AutoTokenizer.from_pretrained(directory, local_files_only=True, trust_remote_code=False)  # nosec B615 # a local folder
    if tokenizer.pad_token_id is None:
        tokenizer.pad_token = tokenizer.eos_token or tokenizer.unk_token
    if tokenizer.pad_token_id is None:
        raise ModelError(f"The tokenizer in {directory} names no padding, end or unknown token to fill batches with.")
    return tokenizer


def load_language_model(directory: Path, precision: Precision = "fp32") -> Any:
    """The model in a local directory, without dropout: a causal language model, or an encoder without its head."""
    return _encoder_or(AutoModelForCausalLM, directory, precision)


def load_backbone(directory: Path, precision: Precision = "fp32") -> Any:
    """The same without the output rows over the vocabulary."""
    return _encoder_or(AutoModel, directory, precision)


def _encoder_or(kind: Any, directory: Path, precision: Precision) -> Any:
    check_is_model(directory)
    if not any(directory.glob("*.safetensors")):
        raise ModelError(
            f"{directory} has no *.safetensors; weights in other formats are not loaded, as they run code."
        )
    local = {"local_files_only": True, "trust_remote_code": False}
    is_encoder = reads_both_ways(AutoConfig.from_pretrained(directory, **local))  # nosec B615 # a local folder
    try:
        model, told = (AutoModel if is_encoder else kind).from_pretrained(
            directory, use_safetensors=True, dtype=DTYPES[precision], output_loading_info=True, **local
        )
    except SafetensorError as error:
        raise ModelError(f"The weights in {directory} are damaged or not whole: {error}.") from error
    _check_complete(directory, told)
    if is_encoder:
        model.pooler = None  # reads the first token only, which is no step's
    return model.eval()


def _check_complete(directory: Path, told: dict[str, Any]) -> None:
    """The library fills what is missing with random numbers, others at each load. Raises ModelError."""
    random = {name for name in told["missing_keys"] if not name.startswith("pooler.")}
    random |= {name for name, *_shapes in told["mismatched_keys"]}
    if random:
        some = ", ".join(sorted(random)[:3])
        more = f" and {len(random) - 3} more" if len(random) > 3 else ""
        raise ModelError(f"{directory} lacks weights of this kind of model: {some}{more}. Name a whole model.")


def reads_both_ways(config: Any) -> bool:
    return config.model_type in MODEL_FOR_MASKED_LM_MAPPING_NAMES and not getattr(config, "is_decoder", False)


def hidden_states(backbone: Any, batch: Batch) -> Tensor:
    """(sequence, token, feature), each token having seen nothing of the steps after its own."""
    mask = _own_step_and_before(batch) if reads_both_ways(backbone.config) else batch.mask
    output = backbone(input_ids=batch.ids, attention_mask=mask, use_cache=False)
    hidden: Tensor = output.last_hidden_state
    return hidden


def _own_step_and_before(batch: Batch) -> Tensor:
    """(sequence, 1, token, token): whether the first may look at the second."""
    steps = torch.zeros_like(batch.mask)
    steps[batch.rows, batch.starts] = 1
    steps = steps.cumsum(1)
    seen: Tensor = (steps[:, :, None] >= steps[:, None, :]) & batch.mask[:, None, :].bool()
    return seen[:, None]


# Early refusals -----------------------------------------------------------------------------------------------------


def label_ids(tokenizer: Any, words: tuple[str, str, str] | None) -> list[int]:
    """Token ids of the three label words; raises ModelError unless each is one known token of its own."""
    for triple in (words,) if words else LABEL_WORDS:
        ids = [tokenizer(word, add_special_tokens=False)["input_ids"] for word in triple]
        flat = [token for tokens in ids for token in tokens]
        if all(len(tokens) == 1 for tokens in ids) and len(set(flat)) == 3 and tokenizer.unk_token_id not in flat:
            return flat
    tried = " or ".join("/".join(repr(word) for word in triple) for triple in ((words,) if words else LABEL_WORDS))
    raise ModelError(
        f"The ratings need three different words that are single tokens of this model; {tried} are not. "
        "Name three others as label_words in the training configuration, or train with mode probe."
    )


def check_tokenizer(language_model: Any, tokenizer: Any) -> None:
    """Refuse a tokenizer that belongs to a larger vocabulary: its ids would point behind the model's embeddings."""
    rows = language_model.get_input_embeddings().weight.shape[0]
    if len(tokenizer) > rows:
        raise ModelError(
            f"The tokenizer knows {len(tokenizer)} tokens and the model {rows}: they do not belong together."
        )


def longest(language_model: Any, tokenizer: Any, config: TrainConfig) -> int:
    """How many tokens a solution may have: what was asked for, or less where the model reads less."""
    positions: int = getattr(language_model.config, "max_position_embeddings", None) or config.max_len
    # Tokenizers that know no limit say so by an enormous number.
    return min(config.max_len, positions, int(tokenizer.model_max_length))


# For training -------------------------------------------------------------------------------------------------------


def with_adapters(backbone: Any, config: TrainConfig) -> Any:
    """The frozen backbone with low-rank adapters on all its linear layers (Hu et al. 2021), which alone are trained."""
    from peft import LoraConfig, get_peft_model  # takes a second to import, and only this mode needs it

    wanted = LoraConfig(
        r=config.lora_rank, lora_alpha=config.lora_alpha, lora_dropout=0.0, target_modules="all-linear", bias="none"
    )
    with torch.random.fork_rng():  # peft draws the adapters from the global generator
        torch.manual_seed(config.seed)
        return get_peft_model(backbone, wanted).eval()


def merge_adapters(backbone: Any, directory: Path) -> Any:
    """The backbone with trained adapters worked into its weights: as fast to score with as without."""
    from peft import PeftModel

    return PeftModel.from_pretrained(backbone, directory, local_files_only=True).merge_and_unload()


def checkpoint_activations(backbone: Any) -> None:
    """Compute activations a second time in the backward pass instead of holding them.

    The layers do so only while they are training; what is inside them stays in evaluation mode, without dropout.
    """
    backbone.activation_checkpointing_enable()
    for module in backbone.modules():
        if getattr(module, "gradient_checkpointing", None) is not None:
            module.training = True


def compile_layers(model: nn.Module, backend: str = "inductor") -> None:
    """Let torch.compile fuse the small operations of each layer, in place; weights and their names stay.

    The first batches wait a minute for the compiler. Needs a C compiler, and on a GPU Triton.
    """
    # With a cache each layer is a program of its own, as it knows its number.
    torch._dynamo.config.recompile_limit = 256
    for blocks in model.modules():
        if isinstance(blocks, nn.ModuleList) and len(blocks) > 1 and len({type(block) for block in blocks}) == 1:
            for block in blocks:
                block.compile(dynamic=True, backend=backend)


def unchanged_logits(backbone: nn.Module, language_model: Any, weight: Tensor, rows: list[int]) -> bool:
    """Whether the hidden state times the output rows is what the model says: not so where it caps or scales logits."""
    ids = torch.tensor([rows])
    with torch.inference_mode():
        ours = backbone(input_ids=ids, use_cache=False).last_hidden_state[0].float() @ weight.float().T
        theirs = language_model(input_ids=ids, use_cache=False).logits[0][:, rows].float()
    return torch.allclose(ours, theirs, rtol=1e-2, atol=1e-2)
