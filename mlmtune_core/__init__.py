"""The training core of mlmtune: no page, no browser, usable on its own."""





