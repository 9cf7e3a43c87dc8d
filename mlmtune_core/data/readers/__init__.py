"""Readers of file formats. Start with table, which chooses among them.

    table      Reads any known file into a Table; format, encoding, delimiter, quoting, header are detected unless given.
    delimited  Reads CSV, TSV and similar text: detects delimiter and quoting, makes all rows equally wide.
    tagged     Reads words with tags, one word per line: CoNLL columns and CoNLL-U.
    documents  Reads JSON: an array of objects, columns, JSON Lines, or SQuAD articles.
    workbooks  Reads Excel workbooks and Parquet, with limits on their unpacked size.
    hub        Downloads a data set from the Hub as one Parquet file, with a split column and class names as labels.
    headers    Known column names and split names, and a test whether the first row is a header.
    cells      Cleans the cells of a file: text, labels, lists, numbers; missing values become empty.
"""
