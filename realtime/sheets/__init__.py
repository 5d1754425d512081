"""Tables as files: CSV for programs, CSV and Excel for people who read German or English."""
