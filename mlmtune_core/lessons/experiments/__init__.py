"""One module per lesson: its texts, its runs and its claims.

    lesson_00_first_run          Lesson 0, you cannot break it: a first run, and how many of its weights are trainable.
    lesson_01_labels             Lesson 1, are few labels enough: pre-trained with few labels against random with all of them.
    lesson_01b_word_order        Lesson 1b, when few labels are not enough: acceptable sentences, and two neighbouring words exchanged.
    lesson_01c_transfer          Lesson 1c, what is transferred: pre-trained weights in place, and shuffled within each tensor.
    lesson_02_arrival            Lesson 2, who arrives first: steps to the same loss from pre-trained, random and shuffled weights.
    lesson_02b_cost              Lesson 2b, what does it cost: seconds, steps and trainable weights of each strategy.
    lesson_03_cls_vector         Lesson 3, what [CLS] knows: how much of the topic a linear probe reads, before and after fine-tuning.
    lesson_03b_erased_words      Lesson 3b, words erased: does [CLS] depend more on content words than on function words.
    lesson_04_freezing_depth     Lesson 4, how much to unfreeze: trainable layers against the number of labels.
    lesson_04b_head_trap         Lesson 4b, the trap of the head: a frozen encoder, and a head trained at the encoder's rate looks useless.
    lesson_04c_layer_by_layer    Lesson 4c, little by little: gradual unfreezing and layer-wise decay against plain fine-tuning.
    lesson_04d_extract_or_tune   Lesson 4d, extract or tune: frozen vectors of several kinds against a fine-tuned encoder.
    lesson_05_by_heart           Lesson 5, learn or memorise: without regularisation the model memorises wrong labels.
    lesson_05a_dropout_amount    Lesson 5a, dropout: how much of it helps if labels are few and some are wrong.
    lesson_05b_weight_pull       Lesson 5b, weight decay towards zero or towards the pre-trained weights, and what it changes at all.
    lesson_05c_stopping_in_time  Lesson 5c, stop in time: the model of the lowest validation loss against the last of many epochs.
    lesson_06_rate               Lesson 6, the right rate: too low crawls, too high destroys, and a valley lies between.
    lesson_06a_warming_up        Lesson 6a, warming up: do warm-up, bias correction and clipping save runs at a high rate.
    lesson_06b_finder_trust      Lesson 6b, does the finder lie: what a learning-rate finder suggests, against real runs at several rates.
    lesson_06c_longer_schedule   Lesson 6c, more epochs, another rate: why a long run's first epochs differ from a short run's.
    lesson_07_custom_heads       Lesson 7, swap the head: other heads on other inputs, trained end to end.
    lesson_07b_five_tasks        Lesson 7b, five tasks and one encoder: each against its trivial predictor.
    lesson_08_two_texts          Lesson 8, one text or two: is a pair read as a pair, or does the second text give the answer away.
    lesson_09_entity_names       Lesson 9, names in sentences: which sub-word carries its word's tag, and how tags become legal.
    lesson_09b_two_scores        Lesson 9b, nearly all right and half the names wrong: word scores against entity scores.
    lesson_10_luck               Lesson 10, the luck of the seed: ten runs that differ only in the seed, and how far apart they end.
    lesson_11_reasons            Lesson 11, why did it say so: tokens that a method calls important are removed, and random ones.
    lesson_12_length             Lesson 12, how much text fits: from 16 to 128 sub-words, and which part of a long text is kept.
"""
