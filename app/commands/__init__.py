"""Commands that are clients: they speak the published protocol like any other program."""
