"""How well a model says what the companion said: the mean loss of held-out words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch.nn import functional

from siliconfriend.finetune.render import IGNORED, Sample


def held_out_loss(model: Any, samples: Sequence[Sample], *, batch: int = 4) -> float:
    """Return the mean cross entropy, in nats a token, of all tokens to be learnt together.

    Over tokens, not over dialogues or batches: so it does not hang on how they were batched.
    """
    device = next(model.parameters()).device
    total, count = 0.0, 0
    was_training = model.training
    model.eval()
    try:
        with torch.inference_mode():
            for start in range(0, len(samples), batch):
                some = samples[start : start + batch]
                ids, labels, there = (tensor.to(device) for tensor in padded(some))
                logits = model(input_ids=ids, attention_mask=there).logits[:, :-1]
                wanted = labels[:, 1:]
                learnt = wanted != IGNORED
                losses = functional.cross_entropy(logits[learnt].float(), wanted[learnt])
                total += float(losses) * int(learnt.sum())
                count += int(learnt.sum())
    finally:
        model.train(was_training)
    return total / max(count, 1)


def padded(samples: Sequence[Sample]) -> tuple[Any, Any, Any]:
    """Return ids, labels and mask of samples, each of shape (n, longest), padded on the right."""
    longest = max(len(sample.ids) for sample in samples)
    ids = torch.zeros(len(samples), longest, dtype=torch.long)
    labels = torch.full((len(samples), longest), IGNORED)
    there = torch.zeros(len(samples), longest, dtype=torch.long)
    for row, sample in enumerate(samples):
        size = len(sample.ids)
        ids[row, :size] = torch.tensor(sample.ids)
        labels[row, :size] = torch.tensor(sample.labels)
        there[row, :size] = 1
    return ids, labels, there
