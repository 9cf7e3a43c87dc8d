"""Reading, columns, checking, splitting: an uploaded file becomes examples."""





