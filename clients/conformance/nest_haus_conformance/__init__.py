"""The conformance kit of the NEST-Haus Live protocol: rule by rule, for servers and for clients.

The rules are those of docs/SPEC.md. The kit speaks to servers as any program would, over their
public addresses; a client under test is a program that it starts and that connects through it.
"""
