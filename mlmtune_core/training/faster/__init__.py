"""What makes training faster and changes nothing else; handed in to the loop.

    prefix_cache    Computes what the frozen layers give once per text, instead of once per text and epoch.
    prefix_store    Activations of frozen layers on disk, shared by runs on the same texts.
    mapped_rows     Rows of numbers: in memory up to a limit, beyond it in a memory-mapped file.
    embedding_rows  Trains only the word embeddings that occur in the texts, instead of the whole table.
    together        Trains many heads on one frozen encoder together: what loop.train does, for a whole sweep.
    head_stack      Many heads of one shape on one frozen encoder, trained as one batched head.
"""
