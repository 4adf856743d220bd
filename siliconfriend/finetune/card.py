"""The model card that goes with an adapter: what it is, what it learnt from, how. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def card(facts: Mapping[str, Any]) -> str:
    """Return the card of a run, from what `training.json` holds, in English and Chinese."""
    report = facts["report"]
    licence = facts["data_licence"] or "not stated / 未注明"
    rows = "\n".join(
        f"| {file['name']} | {file['rows']:,} | `{file['sha256'][:16]}…` |"
        for file in facts["files"]
    )
    before, after = _loss(report["before"]), _loss(report["after"])
    return f"""---
base_model: {facts["base"]}
library_name: peft
tags: [lora, siliconfriend]
---

# LoRA adapter of a SiliconFriend companion

Tuned on dialogues so that {facts["base"]} replies as a companion does. Only the companion's words
were learnt. 用对话微调，使底座模型像伙伴那样回应；只学习伙伴所说的话。

**Not clinical guidance.** What it says in distress is imitation: keep a rule for crises outside
the model. **不是临床建议。** 它在危急时的话只是模仿：危机处理的规则须放在模型之外。

## Use / 用法

Beside its base model, never alone / 与底座模型一起使用：

```
siliconfriend chat --llm transformers:{facts["base"]} --adapter THIS_FOLDER
```

## Data / 数据

| file 文件 | dialogues 对话 | SHA-256 |
|---|---|---|
{rows}

Licence of the data / 数据许可：{licence}. Learnt / 学习：{facts["dialogues"]:,} dialogues,
{facts["tokens_learnt"]:,} tokens; held out / 留出：{facts["held_out"]:,} dialogues.

{_settings(facts)}
## Result / 结果

Held-out loss, nats a token / 留出集损失：before 之前 {before}, after 之后 {after}.
{report["seconds"]:,.0f} s; {report["trained"]:,} of {report["whole"]:,} weights were trained.
"""


def _settings(facts: Mapping[str, Any]) -> str:
    preset, report = facts["preset"], facts["report"]
    return f"""## Settings / 设置

| | |
|---|---|
| preset | {preset["name"]} |
| rank, alpha, dropout | {preset["rank"]}, {preset["alpha"]}, {preset["dropout"]} |
| layers | {", ".join(facts["layers"])} |
| learning rate, schedule | {preset["learning_rate"]}, {preset["schedule"]} |
| warm-up (steps, or a share) | {preset["warmup"]} |
| dialogue, reply (tokens) | {preset["max_length"]:,}, {preset["reply_length"] or "-"} |
| batch x accumulation | {preset["batch"]} x {preset["accumulation"]} |
| steps, seed | {report["steps"]:,}, {facts["seed"]} |
| format | {facts["format"]} |
| device, numbers | {facts["device"]}; {facts["dtype"]} |

"""


def _loss(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"
