"""Models small enough to be made on the spot: a randomly initialised Llama with a tokenizer of the words given."""

from pathlib import Path

import torch
from tokenizers import Tokenizer, models, pre_tokenizers, processors
from transformers import BertConfig, BertModel, LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

SPECIAL = ["<pad>", "<unk>", "bad", "neutral", "good"]


def make_tokenizer(words):
    vocabulary = {word: index for index, word in enumerate([*SPECIAL, *words])}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, pad_token="<pad>", unk_token="<unk>")


def make_model(directory: Path, tokenizer, *, seed=0, hidden=32, layers=2):
    """Write a base-model directory as any from the Hugging Face hub: config.json, model.safetensors, tokenizer."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        shape = LlamaConfig(
            vocab_size=len(tokenizer),
            hidden_size=hidden,
            intermediate_size=2 * hidden,
            num_hidden_layers=layers,
            num_attention_heads=2,
            max_position_embeddings=512,
            pad_token_id=0,
            bos_token_id=None,
            eos_token_id=None,
        )
        LlamaForCausalLM(shape).save_pretrained(directory)
    tokenizer.save_pretrained(directory)
    return directory


def make_record(problem, steps, *, finish_reason="solution", **changes):
    """A PRM800K object as a dict. Each step is (completions as (text, rating) pairs, index of the chosen one)."""
    written = [
        {
            "completions": [{"text": text, "rating": rating, "flagged": None} for text, rating in completions],
            "human_completion": None,
            "chosen_completion": chosen,
        }
        for completions, chosen in steps
    ]
    record = {
        "labeler": "00000000-0000-4000-8000-000000000000",
        "timestamp": "2023-01-22T04:34:27.052924",
        "generation": None,
        "is_quality_control_question": False,
        "is_initial_screening_question": False,
        "question": {"problem": problem, "ground_truth_answer": "1"},
        "label": {"steps": written, "total_time": 1, "finish_reason": finish_reason},
    }
    return {**record, **changes}


def make_encoder(directory: Path, words, *, seed=0, positions=64):
    """The same of a model that reads in both directions, with the tokens that BERT puts around a text."""
    vocabulary = {word: index for index, word in enumerate([*SPECIAL, "[CLS]", "[SEP]", *words])}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[(token, vocabulary[token]) for token in ("[CLS]", "[SEP]")]
    )
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, pad_token="<pad>", unk_token="<unk>").save_pretrained(directory)
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        shape = BertConfig(
            vocab_size=len(vocabulary),
            hidden_size=32,
            intermediate_size=64,
            num_hidden_layers=2,
            num_attention_heads=2,
            max_position_embeddings=positions,
        )
        BertModel(shape).save_pretrained(directory)
    return directory
