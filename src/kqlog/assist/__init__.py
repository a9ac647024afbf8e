"""What an editor asks about a text that is being written: how it may go on, what is wrong, what a name means, how it is laid out.

The REPL, notebooks and language servers all call this; nothing here knows a terminal or a protocol.
"""
