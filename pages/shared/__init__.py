"""What most pages use: the visit, its data, widgets, tables, figures.

    asking     Asks the inspect worker about a model: answers are cached, long ones show progress and can be cancelled.
    choice     Radio, select box and the like with translated labels that survive a change of language.
    dataset    The data of a visit: prepared by the data worker, cached while its reading and edits are unchanged.
    figures    Draws a plotly figure: its size, and the name and format of what its camera saves.
    projector  Projector mode: everything larger; remembered in the address.
    tables     How numbers stand in tables: shares as bars, fractions in the visit's language, rates as powers of ten.
    terms      Glossary terms where they occur: behind a question mark, or as words with a tooltip.
    visit      One visit: who it is, its language, how it writes numbers, and what its address remembers.
"""





