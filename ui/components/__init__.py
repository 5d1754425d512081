"""The elements of NiceGUI pages.

    screens  our Vue components, each a transport of texts; their scripts lie beside it

Imported by: `ui.pages`.
"""
