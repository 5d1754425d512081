"""Tables as files: CSV for programs, CSV and Excel for people who read German or English.

    answers          sheets as answers of the API
    sheet            columns with a name and a kind, and rows of values
    forms, words     values for programs or for people; words in both languages
    audit_words      lines of the audit in words, for files and for the page
    as_csv, as_xlsx  write the files

Imported by: `app.parts`, `realtime.activity`, `realtime.api`, `realtime.people`, `ui.staff`.
"""
