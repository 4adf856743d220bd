"""Open models learn to be the companion: LoRA tuning on dialogues, and adapters of others.

Read in this order: `data` (rows to dialogues) and `render` (dialogues to tokens, with what is
learnt marked) are pure; `files`, `presets`, `prepare`; then `train` with `checkpoints`, `losses`,
`card`; `convert` with `verify` for adapters that others have made; `cli`.

Law of this folder: torch is imported by nothing before a command runs; nothing is written outside
the folder asked for; no pickle is left in it; what a row holds is never in a message.
"""
