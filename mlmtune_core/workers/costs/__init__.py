"""What a run will cost on this machine: seconds and memory, estimated before Start.

    estimate   Estimates how long a run takes on this machine, from timed pieces (see rehearsal) and their counts.
    memory     How much memory a run needs, and how much its worker may use before the run is ended.
    rehearsal  Times a second of training on a sample, piece by piece: what a run will cost here.
"""
