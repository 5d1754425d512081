"""`/admin/service`: the page on which admins run the product.

    page                        lists the sections
    dead_letters, letter, sent  entries that could not be stored; one of them; those that were sent
                                again
    jobs                        the recurring jobs
    ledger                      offered entries and their ends by day
    audit                       actions and looks of admins
    privacy                     the data of a person
    sessions                    admins who are signed in
    names                       words for our own names

Imported by: `ui.app`.
"""
