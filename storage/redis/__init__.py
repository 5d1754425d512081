"""Redis or Valkey: hints, presence and queues; losing it never loses an acknowledged edit."""
