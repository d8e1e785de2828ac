"""What pages are made of: the shell, dialogs, lists, words."""
