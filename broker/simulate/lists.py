"""Short lists of names that no library has.

Owns them. Promises: only common names, of nobody in particular; they make these kinds of names occur in a synthetic
state, and do not say how frequent they are.
"""

from dataclasses import dataclass
from itertools import product


@dataclass(frozen=True, slots=True)
class Names:
    """First names of girls and of boys, and last names."""

    girls: tuple[str, ...]
    boys: tuple[str, ...]
    last: tuple[str, ...] = ()


def _joined(starts: str, ends: str) -> tuple[str, ...]:
    """Every start with every end."""
    return tuple(start + end for start, end in product(starts.split(), ends.split()))


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


# Made-up names: many of them differ in one letter.
NEW_NAMES = Names(
    girls=_joined(
        "Ad Ash Aub Berk Brax Brin Bryn Em Ever Gen Had Jay Kay Kins Mad Oak Pais Rae Ry Tay Tins Wes",
        "lee leigh ley lie lyn lynn lynne ree",
    ),
    boys=_joined(
        "Ash Ax Brax Bray Col Dax Drax Eas Gray Hay Hux Jax Jay Kas Kay Keat Kol Pax Ray Ty West Zay",
        "den don lan ley son ston ten ton tyn",
    ),
)

# Tongan and Samoan; the mark before a vowel is a letter of the language that is often left out.
PACIFIC = Names(
    girls=_words(
        "Ana ʻAna Mele Sela Lupe Losa Sina Malia Leilani Salote Vika Lavinia Fusi Siosiana Talia Luseane Sepiuta "
        "ʻOfa Paea Seini Tupou Lesieli Meleane Kalolaine Fetu Moana Tiare Masina Lagi Alofa"
    ),
    boys=_words(
        "Sione Semisi Viliami Tevita Siaosi Paula Samiu Mosese Lolo Tomasi Sosaia Penisimani Isileli Saia Filipo "
        "ʻIsikeli Maka Kelepi Lisiate Manu Fetu Tavita Ioane Peni Siaki Solomone Vaea Pita Keleti Faleasi"
    ),
    last=_words(
        "Tonga Latu Moala Fonua Finau Havili Taufa Vainuku Pututau Kaufusi Mahe Langi Tuʻipulotu Tupou Vea Fifita "
        "Lolohea Pauga Leota Tuiasosopo Faleafa Tafuna Naufahu Hafoka Tauteoli Kioa Mataele Fangupo Liufau Maʻafu "
        "Toleafoa Tuimaualuga Falaniko Seumalo Talataina"
    ),
)

# Last names of Navajo families; their first names are mostly common ones.
NAVAJO = Names(
    girls=_words("Shandiin Nizhoni Haseya Dezbah Yanaba Altsoba Sahkyo Ooljee Doli Nanaba Ajei Bah"),
    boys=_words("Niyol Ahiga Hashkeh Shilah Sani Bidziil Yiska Naalnish Nastas Gaagii Tsela Hok'ee"),
    last=_words(
        "Begay Yazzie Benally Tsosie Nez Tso Bitsui Bitsilly Etsitty Chee Holiday Atene Black Cly Dee Grayeyes "
        "Manygoats Nakai Sampson Tohee Todacheene Blackhorse Bigman Whitehorse Yellowman Lameman"
    ),
)

# Nicknames in Spanish-speaking families; the English ones come from a library.
SPANISH_NICKNAMES = {
    "Alejandra": ("Ale",), "Alejandro": ("Alex", "Ale"), "Antonio": ("Toño",), "Beatriz": ("Bety",),
    "Concepción": ("Concha", "Conchita"), "Consuelo": ("Chelo",), "Daniel": ("Dani",), "Dolores": ("Lola",),
    "Eduardo": ("Lalo", "Edu"), "Enrique": ("Quique", "Kike"), "Ernesto": ("Neto",), "Fernanda": ("Fer",),
    "Fernando": ("Fer", "Nando"), "Francisca": ("Paca",), "Francisco": ("Paco", "Pancho"), "Gabriela": ("Gaby",),
    "Graciela": ("Chela",), "Guadalupe": ("Lupe", "Lupita"), "Guillermo": ("Memo",), "Ignacio": ("Nacho",),
    "Isabel": ("Chabela", "Isa"), "Jesús": ("Chuy",), "José": ("Pepe",), "Josefina": ("Pepa", "Fina"),
    "Juan": ("Juanito",), "Luis": ("Lucho", "Güicho"), "Manuel": ("Manolo", "Manny"), "Margarita": ("Mago",),
    "María": ("Mari",), "Mercedes": ("Meche",), "Miguel": ("Migue",), "Patricia": ("Paty",), "Rafael": ("Rafa",),
    "Refugio": ("Cuca",), "Ricardo": ("Ricky",), "Roberto": ("Beto",), "Rosario": ("Chayo",), "Salvador": ("Chava",),
    "Santiago": ("Santi", "Chago"), "Sebastián": ("Sebas",), "Sofía": ("Sofi",), "Teresa": ("Tere",),
    "Valentina": ("Vale",), "Vicente": ("Chente",), "Victoria": ("Vicky",), "Ximena": ("Xime",),
}  # fmt: skip
