"""What one admin tab runs the product with. It reads the HTTP API by itself; Python keeps nothing."""

from nicegui import ui


class OperationsScreen(ui.element, component="operations_screen.js"):
    """Dead letters, jobs, the ledger, the audit, and what is known of somebody. Props: texts, language."""
