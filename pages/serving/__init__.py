"""What the server does beside drawing pages: routes, headers, cookies, files.

    addresses      The addresses of all routes, under any base path.
    age_cleaning   Deletes what has reached its age: when the server starts, and once a day.
    ending         Ends the server within seconds, even if a client has asked for a file and does not read it.
    headers        Security headers on every answer: a content security policy and its relatives.
    person_cookie  The cookie that identifies a browser: set with the first page, required by routes.
    routes         The routes beside the pages: events of runs, sweeps and recordings, downloads, plotly, health.
    static_files   Serves scripts and styles, plotly.min.js included: compressed once, cached for a year.
"""





