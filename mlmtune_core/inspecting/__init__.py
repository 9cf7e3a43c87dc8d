"""Looking into a trained model: the arithmetic of its head, and what its answers rest on."""





