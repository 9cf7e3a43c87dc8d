"""Worker processes, for whoever runs the server.

    page  The page of workers: here and on other machines, the scheduler, and how many runs wait.
"""
