"""The screens: NiceGUI pages, own Vue components, and public HTML pages."""
