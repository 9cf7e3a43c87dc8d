"""The pages ask and draw; they never compute. A folder per page, with page.py and its parts.

    frame        The script that every visit runs: language, theme, navigation.
    compare/     Sweeps: many runs side by side.
    components/  Parts with JavaScript of their own, used by several pages.
    data/        Upload or choose data, repair it, read the report.
    explore/     Explorers: the learning rate, overfitting, the rate finder.
    home/        Where a visit begins.
    inspecting/  One trained model, seen from all sides. Its address is /inspect.
    lessons/     Lessons: predict, run, read the verdict.
    serving/     What the server does beside drawing pages: routes, headers, cookies, files.
    settings/    Forms for settings, used by several pages.
    shared/      What most pages use: the visit, its data, widgets, tables, figures.
    shell/       What surrounds every page: entrance, tour, glossary.
    teacher/     The class, for teachers.
    train/       Choose settings and start a run.
    watch/       One run, live.
    workers/     Worker processes, for whoever runs the server.
"""





