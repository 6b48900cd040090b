"""The pool controller: keeps as many workers as the work needs."""
