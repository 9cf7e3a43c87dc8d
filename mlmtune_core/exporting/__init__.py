"""What is taken home of a run: its model, a script and a notebook that redo it, its answers, a report."""





