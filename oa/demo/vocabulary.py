"""What the simulated community can say: a small stock of phrases for each language.

Topics are infinitive phrases, so that one template takes all of them without a word changing its form.
"""

# ruff: noqa: RUF001 - Russian words look like Latin ones to the rule

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True, slots=True, kw_only=True)
class Vocabulary:
    """One language. `{topic}` is put in as it is, `{Topic}` with a capital."""

    topics: tuple[str, ...]
    questions: tuple[str, ...]
    """First prompts."""
    details: tuple[str, ...]
    """What a careful prompter adds."""
    openings: tuple[str, ...]
    """How an answer begins that takes up the question."""
    advice: tuple[str, ...]
    """Sentences of which a good answer has many."""
    shrugs: tuple[str, ...]
    """Answers that help nobody."""
    follow_ups: tuple[str, ...]
    """What a prompter asks after an answer."""
    lures: tuple[str, ...]
    """Spam; no honest text contains any of these."""


ENGLISH = Vocabulary(
    topics=(
        "grow tomatoes on a balcony",
        "bake bread without yeast",
        "learn to play the accordion",
        "repair a flat bicycle tyre",
        "write a letter to my landlord",
        "sleep better in summer",
        "explain fractions to a child",
        "sort a long list of names",
        "plan a walk across the Alps",
        "keep bees in a small garden",
        "read a weather map",
        "make soap at home",
        "build a kite from newspaper",
        "remember the names of new colleagues",
        "clean an old cast-iron pan",
        "start a neighbourhood library",
    ),
    questions=(
        "How can I {topic}?",
        "What is the best way to {topic}?",
        "I would like to {topic}. Where do I begin?",
        "Please tell me how to {topic}.",
        "Is it hard to {topic}?",
        "What do I need in order to {topic}?",
    ),
    details=(
        "I have never done it before.",
        "It should not cost much.",
        "I have about two hours a week for it.",
        "Please go through it step by step.",
        "My last attempt went wrong and I do not know why.",
        "Also tell me which mistakes people usually make.",
        "There will be children around, so it has to be safe.",
    ),
    openings=(
        "If you want to {topic}, start small.",
        "To {topic} takes patience more than talent.",
        "Many people {topic}, and nobody was born knowing how.",
        "You can {topic} with little money and a free afternoon.",
    ),
    advice=(
        "First write down what you have already and what is missing.",
        "Give yourself more time than you think you need.",
        "Ask somebody who has done it to show you once; it saves a week of reading.",
        "Do one step after the other and check each before you go on.",
        "Buy the simple tools first, the expensive ones rarely matter at the beginning.",
        "Keep a note of what you changed, so that you can undo it.",
        "If something does not work twice in a row, change only one thing and try again.",
        "Morning is the best time, because you can still correct mistakes during the day.",
        "Measure instead of guessing; a ruler and a kitchen scale are enough.",
        "Look after your hands and eyes, gloves and glasses cost less than a doctor.",
        "Rest in between, since most mistakes happen when people are tired.",
        "In the end compare the result with what you wanted and write down what to do better.",
    ),
    shrugs=(
        "Just try it.",
        "That depends.",
        "Somebody surely wrote a book about it.",
        "It is not that hard.",
    ),
    follow_ups=(
        "Thank you! And what do I do if the first step fails?",
        "How long will that take me?",
        "Which of these steps could I leave out?",
        "Can you give me an example?",
        "What would you do differently with more money?",
        "Why does it have to be done in this order?",
        "Is there a way to {topic} together with friends?",
    ),
    lures=(
        "BUY CHEAP WATCHES NOW",
        "You have won a free cruise, click here",
        "asdf asdf asdf jkl jkl",
        "first!!!!!! lol lol lol",
        "Earn 5000 a day from home with this one trick",
    ),
)

GERMAN = Vocabulary(
    topics=(
        "Tomaten auf dem Balkon ziehen",
        "ohne Hefe Brot backen",
        "Akkordeon spielen lernen",
        "einen platten Fahrradreifen flicken",
        "einen Brief an den Vermieter schreiben",
        "im Sommer besser schlafen",
        "einem Kind Brüche erklären",
        "eine lange Namensliste sortieren",
        "eine Wanderung über die Alpen planen",
        "Bienen in einem kleinen Garten halten",
        "eine Wetterkarte lesen",
        "zu Hause Seife herstellen",
        "aus Zeitungspapier einen Drachen bauen",
        "mir die Namen neuer Kollegen merken",
        "eine alte Eisenpfanne reinigen",
        "eine Bücherei für die Nachbarschaft gründen",
    ),
    questions=(
        "Wie kann ich {topic}?",
        "Ich möchte {topic}. Womit fange ich an?",
        "Was brauche ich, wenn ich {topic} will?",
        "{Topic}: wie geht das am besten?",
        "Ist es schwer? Ich würde gern {topic}.",
        "Bitte erkläre mir, wie Anfänger {topic} können.",
    ),
    details=(
        "Ich habe das noch nie gemacht.",
        "Es sollte nicht viel kosten.",
        "Ich habe dafür etwa zwei Stunden in der Woche.",
        "Bitte erkläre es Schritt für Schritt.",
        "Mein letzter Versuch ging schief, und ich weiß nicht, warum.",
        "Sag mir auch, welche Fehler die meisten machen.",
        "Es sind Kinder dabei, also muss es sicher sein.",
    ),
    openings=(
        "Wenn du {topic} willst, fang klein an.",
        "{Topic} kann jeder, der etwas Geduld mitbringt.",
        "Du kannst mit wenig Geld und einem freien Nachmittag {topic}.",
        "Viele wollen {topic}, und niemand konnte es von Anfang an.",
    ),
    advice=(
        "Schreib zuerst auf, was du schon hast und was noch fehlt.",
        "Nimm dir mehr Zeit, als du zu brauchen glaubst.",
        "Lass es dir einmal von jemandem zeigen, das spart eine Woche Lesen.",
        "Geh Schritt für Schritt vor und prüfe jeden, bevor du weitermachst.",
        "Kauf zuerst einfaches Werkzeug, das teure macht am Anfang kaum einen Unterschied.",
        "Notiere, was du geändert hast, damit du es zurücknehmen kannst.",
        "Wenn etwas zweimal nicht klappt, ändere nur eine Sache und versuch es noch einmal.",
        "Am besten geht es morgens, dann lassen sich Fehler noch am selben Tag beheben.",
        "Miss nach, statt zu schätzen; ein Lineal und eine Küchenwaage genügen.",
        "Achte auf Hände und Augen, Handschuhe und Brille kosten weniger als ein Arzt.",
        "Mach Pausen, denn die meisten Fehler passieren aus Müdigkeit.",
        "Vergleiche am Ende das Ergebnis mit deinem Plan und notiere, was besser werden soll.",
    ),
    shrugs=(
        "Probier es einfach.",
        "Das kommt darauf an.",
        "Dazu gibt es sicher ein Buch.",
        "So schwer ist das nicht.",
    ),
    follow_ups=(
        "Danke! Und was mache ich, wenn schon der erste Schritt misslingt?",
        "Wie lange werde ich dafür brauchen?",
        "Welchen dieser Schritte könnte ich weglassen?",
        "Kannst du mir ein Beispiel geben?",
        "Was würdest du mit mehr Geld anders machen?",
        "Warum muss es in dieser Reihenfolge sein?",
        "Kann ich auch mit Freunden zusammen {topic}?",
    ),
    lures=(
        "JETZT BILLIGE UHREN KAUFEN",
        "Sie haben eine Kreuzfahrt gewonnen, hier klicken",
        "asdf asdf asdf jklö jklö",
        "erster!!!!!! haha haha",
        "5000 am Tag von zu Hause verdienen mit diesem Trick",
    ),
)

SPANISH = Vocabulary(
    topics=(
        "cultivar tomates en el balcón",
        "hacer pan sin levadura",
        "aprender a tocar el acordeón",
        "reparar una rueda de bicicleta",
        "escribir una carta al casero",
        "dormir mejor en verano",
        "explicar las fracciones a un niño",
        "ordenar una lista larga de nombres",
        "planear una caminata por los Alpes",
        "criar abejas en un jardín pequeño",
        "leer un mapa del tiempo",
        "hacer jabón en casa",
    ),
    questions=(
        "¿Cómo puedo {topic}?",
        "¿Cuál es la mejor manera de {topic}?",
        "Me gustaría {topic}. ¿Por dónde empiezo?",
        "¿Es difícil {topic}?",
        "¿Qué necesito para {topic}?",
    ),
    details=(
        "Nunca lo he hecho.",
        "No debería costar mucho.",
        "Tengo unas dos horas a la semana.",
        "Explícalo paso a paso, por favor.",
        "Mi último intento salió mal y no sé por qué.",
        "Dime también qué errores son frecuentes.",
    ),
    openings=(
        "Si quieres {topic}, empieza por lo más sencillo.",
        "Para {topic} hace falta más paciencia que talento.",
        "Puedes {topic} con poco dinero y una tarde libre.",
    ),
    advice=(
        "Primero anota lo que ya tienes y lo que te falta.",
        "Reserva más tiempo del que crees necesitar.",
        "Pide a alguien que te lo enseñe una vez; ahorra una semana de lectura.",
        "Haz un paso tras otro y comprueba cada uno antes de seguir.",
        "Compra primero las herramientas sencillas.",
        "Apunta lo que cambias, así podrás deshacerlo.",
        "Si algo falla dos veces, cambia una sola cosa y vuelve a probar.",
        "Mide en lugar de adivinar; bastan una regla y una balanza.",
        "Descansa de vez en cuando, porque el cansancio causa errores.",
        "Al final compara el resultado con lo que querías.",
    ),
    shrugs=("Inténtalo y ya está.", "Depende.", "Seguro que hay un libro sobre eso."),
    follow_ups=(
        "¡Gracias! ¿Y qué hago si falla el primer paso?",
        "¿Cuánto tiempo me llevará?",
        "¿Qué paso podría saltarme?",
        "¿Puedes darme un ejemplo?",
        "¿Se puede {topic} con amigos?",
    ),
    lures=("COMPRA RELOJES BARATOS YA", "Has ganado un crucero, haz clic aquí", "asdf asdf asdf jklñ jklñ"),
)

RUSSIAN = Vocabulary(
    topics=(
        "вырастить помидоры на балконе",
        "испечь хлеб без дрожжей",
        "научиться играть на аккордеоне",
        "починить велосипедную шину",
        "написать письмо арендодателю",
        "лучше спать летом",
        "объяснить ребёнку дроби",
        "упорядочить длинный список имён",
        "спланировать поход через Альпы",
        "держать пчёл в маленьком саду",
        "читать карту погоды",
        "сварить мыло дома",
    ),
    questions=(
        "Как мне {topic}?",
        "Как лучше всего {topic}?",
        "Мне хочется {topic}. Откуда начать?",
        "Трудно ли {topic}?",
        "Что нужно, чтобы {topic}?",
    ),
    details=(
        "Раньше мне не приходилось этого делать.",
        "Желательно недорого.",
        "На это есть около двух часов каждую неделю.",
        "Пожалуйста, расскажи шаг за шагом.",
        "Прошлая попытка не удалась, и причина неясна.",
        "Назови также частые ошибки.",
    ),
    openings=(
        "Если хочешь {topic}, начни с малого.",
        "Чтобы {topic}, нужно терпение, а не талант.",
        "Можно {topic} за небольшие деньги и один свободный вечер.",
    ),
    advice=(
        "Сначала запиши, что уже есть и чего не хватает.",
        "Отведи больше времени, чем кажется нужным.",
        "Попроси знающего человека показать один раз: это сбережёт неделю чтения.",
        "Делай шаг за шагом и проверяй каждый, прежде чем идти дальше.",
        "Купи сначала простые инструменты.",
        "Записывай, что меняешь, чтобы можно было вернуть всё назад.",
        "Если дважды не вышло, измени что-то одно и попробуй снова.",
        "Измеряй, а не угадывай: хватит линейки и весов.",
        "Отдыхай, потому что ошибки случаются от усталости.",
        "В конце сравни результат с замыслом.",
    ),
    shrugs=("Просто попробуй.", "Бывает по-разному.", "Наверняка есть книга об этом."),
    follow_ups=(
        "Спасибо! А что делать, если первый шаг не удался?",
        "Сколько времени это займёт?",
        "Какой шаг можно пропустить?",
        "Можешь привести пример?",
        "Можно ли {topic} вместе с друзьями?",
    ),
    lures=("КУПИ ДЕШЁВЫЕ ЧАСЫ СЕЙЧАС", "Вы выиграли круиз, нажмите здесь", "фыва фыва фыва олдж олдж"),
)

VOCABULARIES: Mapping[str, Vocabulary] = MappingProxyType({"en": ENGLISH, "de": GERMAN, "es": SPANISH, "ru": RUSSIAN})
"""By language code."""
