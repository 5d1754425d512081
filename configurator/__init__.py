"""The domain, pure: catalogue, rules, prices, operations, preview, protocol. Knows no I/O."""
