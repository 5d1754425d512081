"""The pages with a socket, one module for each.

    configurator  `/c/{code}`: the configurator of one house
    admin         `/admin`: the live view
    building      parts that all these pages share: admission, sign-in, their end
    conversation  the messages of one tab, in order
    first_paint   our HTML until the scripts have built the page

Imported by: `ui.app`, `ui.dashboard`, `ui.staff`.
"""
