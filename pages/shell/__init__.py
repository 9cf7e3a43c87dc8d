"""What surrounds every page: entrance, tour, glossary.

    entrance    The entrance: a name and the code of the class, asked once, before any page.
    glossary    The glossary in the corner of every page, with a search; and the tour once more.
    sign_in     Sign-in through an OpenID Connect provider named in .streamlit/secrets.toml.
    tour        The tour of the first visit, done in the pages themselves; each step notices that it is done.
    tour_steps  The steps of the tour: what to do on which page, why, and when it is done.
"""
