"""Who carries runs out: worker processes here and on a cluster, their queue, and what they record.

    checkpointing   Saves a run while it trains, so that another attempt can resume it to the bit.
    cluster         Connects to an existing Dask scheduler, which may come and go, and runs on its workers.
    cluster_worker  Joins a cluster: starts worker processes for a scheduler's runs until it is interrupted.
    cores           How many cores a run may use: the machine's, shared by the workers that are busy.
    engine          Who runs what, where: this server's workers, and those of a cluster.
    logs            Log files of bounded size: logs/server.log and one per worker.
    processes       A worker process: its role, what it preloads, its priority, its memory limit, its restart.
    progress        Progress of a long answer, and whether anybody still waits for it: one small file per question.
    queue           Runs that wait for a free train worker, in a fair order between people.
    recorder        Records a run while it trains: events, best weights and their predictions, the summary at the end.
    worker          Carries out one run, start to end: the place where all parts meet.
    costs/          What a run will cost on this machine: seconds and memory, estimated before Start.
"""
