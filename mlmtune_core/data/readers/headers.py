"""Known column names and split names, and a test whether the first row is a header."""

import unicodedata
from collections.abc import Sequence

KNOWN_NAMES = {
    "text": (
        "text", "texto", "sentence", "sentence1", "sentence_1", "text1", "text_a", "premise", "premissa", "frase", "frase1",
        "review", "comment", "comentario", "content", "conteudo", "message", "mensagem", "body", "tweet", "document",
        "documento", "titulo", "title", "resenha", "avaliacao", "sms", "first text", "primeiro texto",
    ),
    "second_text": (
        "second_text", "sentence2", "sentence_2", "text2", "text_b", "hypothesis", "hipotese", "frase2", "second text",
        "segundo texto", "texto2", "paraphrase", "parafrase",
    ),
    "label": (
        "label", "gold_label", "labels", "rotulo", "rotulos", "etiqueta", "class", "classe", "category", "categoria",
        "sentiment", "sentimento", "target", "alvo", "y", "topic", "topico", "topics", "polarity", "polaridade", "intent",
        "stars", "estrelas", "entailment_judgment",
    ),
    "words": ("words", "tokens", "palavras", "word", "token", "palavra", "form"),
    "tags": (
        "tags", "ner_tags", "ner", "tag", "upos", "pos_tags", "pos", "labels", "label", "etiquetas", "rotulos", "entities",
        "entidades", "bio",
    ),
    "score": (
        "score", "similarity", "similaridade", "relatedness_score", "rating", "nota", "pontuacao", "escore", "label",
        "target", "alvo", "y", "value", "valor", "gold_score", "mean", "media",
    ),
    "question": ("question", "pergunta", "questao", "query"),
    "context": ("context", "contexto", "passage", "paragraph", "paragrafo", "text", "texto", "document"),
    "answer": ("answers", "answer", "resposta", "respostas", "answer_text", "gold_answer"),
    "split": ("split", "set", "subset", "partition", "particao", "conjunto", "divisao"),
}  # fmt: skip
SPLIT_WORDS = {
    "train": "train", "training": "train", "treino": "train", "treinamento": "train",
    "validation": "validation", "valid": "validation", "val": "validation", "dev": "validation", "validacao": "validation",
    "development": "validation", "test": "test", "teste": "test", "testing": "test",
}  # fmt: skip
OTHER_NAMES = {"id", "index", "#", "no", "number", "date", "author", "data", "autor", "numero"}


def simplify(name: object) -> str:
    """Returns a name in lower case, stripped, without accents."""
    decomposed = unicodedata.normalize("NFKD", str(name).strip().lower())
    return "".join(letter for letter in decomposed if not unicodedata.combining(letter))


def looks_like_header(records: Sequence[Sequence[str]]) -> bool:
    """True if the first record names the columns: by a known name, or because it differs from a column of labels or numbers."""
    if not records:
        return False
    first, rest = records[0], records[1:]
    names = {name for known in KNOWN_NAMES.values() for name in known} | OTHER_NAMES
    columns = [{row[c] for row in rest if c < len(row)} for c in range(len(first))]
    if any(simplify(cell) in names and cell not in others for cell, others in zip(first, columns, strict=True)):
        return True
    if not rest or any(len(cell) > 40 for cell in first):
        return False
    return any(_differs_from_column(cell, [row[c] for row in rest if c < len(row)]) for c, cell in enumerate(first))


def is_number(cell: str) -> bool:
    """True for a number with a decimal point or comma."""
    try:
        float(cell.strip().replace(",", "."))
    except ValueError:
        return False
    return True


def _differs_from_column(cell: str, others: list[str]) -> bool:
    if others and all(is_number(other) for other in others):
        return not is_number(cell)
    values = set(others)
    return len(others) >= 10 and len(values) <= max(2, len(others) // 10) and cell not in values
