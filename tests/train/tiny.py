"""Tiny models of real families with tiny tokenizers, randomly initialised, made on the spot."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import (
    AutoModelForCausalLM,
    BloomConfig,
    Glm4Config,
    GlmConfig,
    LlamaConfig,
    PreTrainedTokenizerFast,
)

SEEN = ["问：我的猫叫什么？答：它叫豆豆。", "Human: hello\n\nAssistant: hello there\n[Round 1]"]
TEMPLATE = (
    "{% for m in messages %}<|{{ m.role }}|>\n{{ m.content }}<|end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>\n{% endif %}"
)
SIZE = dict(hidden_size=32, num_hidden_layers=2, num_attention_heads=4, vocab_size=300)
FAMILIES = ("glm", "glm4", "llama", "bloom")


def tokenizer(template: str | None = None) -> Any:
    """Bytes and a few merges: every text has tokens, and comes back."""
    raw = Tokenizer(models.BPE())
    raw.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    raw.decoder = decoders.ByteLevel()
    marks = ["<eos>", "<pad>", "<|user|>", "<|assistant|>", "<|system|>", "<|end|>"]
    raw.train_from_iterator(
        SEEN,
        trainers.BpeTrainer(
            vocab_size=290,
            special_tokens=marks,
            initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
            show_progress=False,
        ),
    )
    made = PreTrainedTokenizerFast(
        tokenizer_object=raw, eos_token="<eos>", pad_token="<pad>",
        additional_special_tokens=marks[2:],
    )  # fmt: skip
    made.chat_template = template
    return made


def config(family: str, **more: Any) -> Any:
    """The configuration of a tiny model."""
    ends = {"eos_token_id": 0, "pad_token_id": 1, "bos_token_id": 0}
    if family == "bloom":
        return BloomConfig(
            vocab_size=300, hidden_size=32, n_layer=2, n_head=4, seq_length=256, **ends, **more
        )
    size = SIZE | ends | {"intermediate_size": 64, "max_position_embeddings": 256}
    if family == "llama":
        return LlamaConfig(**size, **more)
    size |= {"head_dim": 8, "num_key_value_heads": 2}
    return (Glm4Config if family == "glm4" else GlmConfig)(**size, **more)


def model(family: str, seed: int = 0, **more: Any) -> Any:
    """A model whose logits differ enough to tell it from another."""
    torch.manual_seed(seed)
    made = AutoModelForCausalLM.from_config(config(family, **more))
    with torch.no_grad():
        for weight in made.parameters():
            if weight.dim() > 1:
                weight.normal_(std=0.3)
    return made.eval()


def saved(folder: Path, family: str, template: str | None = None, **more: Any) -> Path:
    """A model's folder as one would find it on a disk."""
    model(family, **more).save_pretrained(folder)
    tokenizer(template).save_pretrained(folder)
    return folder


def logits(of: Any, text: str = "hello 豆豆") -> torch.Tensor:
    """What a model makes of a text, shape (tokens, vocabulary)."""
    ids = tokenizer()(text, return_tensors="pt")["input_ids"]
    with torch.no_grad():
        return of(input_ids=ids).logits[0]
