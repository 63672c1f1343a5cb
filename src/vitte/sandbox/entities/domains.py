"""Ends of host names by which a text without "https://" is still taken for an address."""

# Country codes in use as top-level domains (https://www.iana.org/domains/root/db), then general ones that
# people really write. The whole list of IANA changes monthly; the sandbox does not need all of it.
_COUNTRIES = """
ac ad ae af ag ai al am ao aq ar as at au aw ax az ba bb bd be bf bg bh bi bj bm bn bo br bs bt bw by bz
ca cc cd cf cg ch ci ck cl cm cn co cr cu cv cw cx cy cz de dj dk dm do dz ec ee eg er es et eu fi fj fk
fm fo fr ga gd ge gf gg gh gi gl gm gn gp gq gr gs gt gu gw gy hk hm hn hr ht hu id ie il im in io iq ir
is it je jm jo jp ke kg kh ki km kn kp kr kw ky kz la lb lc li lk lr ls lt lu lv ly ma mc md me mg mh mk
ml mm mn mo mp mq mr ms mt mu mv mw mx my mz na nc ne nf ng ni nl no np nr nu nz om pa pe pf pg ph pk pl
pm pn pr ps pt pw py qa re ro rs ru rw sa sb sc sd se sg sh si sk sl sm sn so sr ss st su sv sx sy sz tc
td tf tg th tj tk tl tm tn to tr tt tv tw tz ua ug uk us uy uz va vc ve vg vi vn vu wf ws ye yt za zm zw
"""
_GENERAL = """
academy agency ai app art asia biz blog bot build business cafe careers cat center chat city cloud club
codes coffee com community company computer consulting coop credit date day deals design dev digital
direct directory domains earth edu education email energy engineering events exchange expert express
family fans farm finance fit fm foundation fun fund fyi gallery games gift global gold gov green group
guide guru health help host house how icu info ink institute int international investments jobs kim land
law legal life link live loan lol love ltd management marketing me media menu mil mobi moda moe moscow
money museum name net network news ninja one online onl org page partners party photo photography photos
pics pictures pizza plus press pro productions properties pub red rent repair report rest review reviews
rip rocks run sale school science services shop show site social software solutions space store stream
studio study style support systems tatar team tech technology tel tips today tools top tours town toys
trade training travel university vc ventures video vip vision website wiki win work works world wtf xyz
yoga zone бг бел дети ею католик ком мкд мон москва онлайн орг рус рф сайт срб укр қаз հայ
"""
_ENDS = frozenset(f"{_COUNTRIES} {_GENERAL}".split())


def is_common_domain_end(end: str) -> bool:
    """Tell whether a host name without a scheme may end like this."""
    return end.lower() in _ENDS
