"""The class, for teachers.

    class_table  The runs of a class as tables: all with their buttons, and the results with a download.
    clean_up     Deletes old runs, or those of one person, counted and weighed before.
    page         The page of the class: everyone's runs and the queue, results, and cleaning up.
"""
