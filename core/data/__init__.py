"""What a data set is: samples, label kinds, Arrow schemas, the catalogue of issues, taxonomy, adjudication.

Pure: no input or output. May import errors only.
"""
