"""The subject: nanochat's model in its five eras, its checkpoints, tokenizer and chat."""
