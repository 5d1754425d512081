"""The elements that NiceGUI pages are made of."""
