"""The pages: they ask and draw, and never compute."""





