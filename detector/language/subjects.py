"""Services nobody configured: "X崩了", "is X down", "#Xdown" name their subject themselves."""

from __future__ import annotations

import re
from collections.abc import Sequence

from detector.language.lexicon import Hit, Lexicon

_LONGEST = 14
_STOP = re.compile(r"[\s，。！？、；：…~～,.!?;:()（）【】\[\]《》<>“”\"'「」|/\\@#]+")
# What may stand between the subject and its fault, and before the subject.
_BETWEEN = re.compile(
    r"(?:又|再次|再|也|竟然|怎么|怎么又|全|全部|全面|全线|彻底|大面积|全球|全球性|全球范围|全网|突然|居然|直接|真的|官方|集体|疑似|已经|已|都|今天|现在|刚刚|刚才|好像|似乎|可能|"
    r"是不是|一直|总是|老是|还|还是|就|给|被|了|的|回应(?:系统|应用|app|服务器|网页|网站)?|称|出现|发生|服务器|客户端|短时|短暂|一度|临时|昨晚|今早|上午|下午|凌晨|部分|多地|因|用户)$"
)
_LEAD = re.compile(
    r"^(?:是不是|为什么|怎么|今天|现在|刚刚|刚才|昨晚|早上|晚上|所以|原来|难道|听说|只有我|只有我的|我的|我们的|你们的|你们|大家的|大家|有没有人|有人|这个|这破|破|那个|这|那|就|又|啊|哈哈+|笑死|救命|完了|好家伙|我去|卧槽|靠|啥情况|什么情况|"
    r"请问|话说|不是|但是|因为|然后|而且|结果|终于|果然|果不其然|用|我用|我|在|关于|全国|全国多地|多地|曝|疑|网传|官方|突发)+"
)
# Heads that fail without being a service: moods, bodies, prices, people, teams, machines, talk.
_NO_SERVICE = re.compile(
    r"(?:心态|心情|情绪|精神|整个人|人设|形象|牙|泪|妆|发型|头发|皮肤|身体|脑子|大脑|眼睛|膝盖|腰|嗓子|耳朵|双眼|视力|大盘|股|股价|基金|比特币|币|期货|楼市|房价|油价|金价|汇率|价格|a股|港股|美股|"
    r"队|防线|后防|比赛|决赛|演技|剧情|结局|角色|关系|婚姻|感情|爱情|友情|谈判|会谈|作业|成绩|人生|生活|世界|世界观|三观|信任|经济|人口|续航|基因|卡|"
    r"电梯|地铁|列车|高铁|飞机|航班|战机|汽车|车门|车|门|发动机|轮胎|空调|冰箱|洗衣机|热水器|电视机|相机|耳机|手机|电脑|平板|键盘|鼠标|键|打印机|手表|核酸|抗原|检测|体检|血压|心率|天气|气温|雪|冰|山|桥|堤|大坝|技术|机械|"
    r"聊|谈|笑|哭|打|踢|演|唱|整|弄|搞|逼|算|催|遛|累|气|吓|玩|录|考|教|吵|闹|折磨|虐|热|冻|饿|急|愁|学|加班|带娃|下|到|得|时|差点|几近|而|因|去世|接连|当街|一边|都|倒|开|上|照顾|险|手|背着|用|扫)$|"
    r"老公|老婆|爸|妈|父|母|儿子|女儿|孩子|宝宝|奶奶|爷爷|老人|男子|女子|男孩|女孩|男生|女生|小伙|大爷|大妈|学生|老师|医生|护士|司机|乘客|网友|观众|粉丝|球迷|员工|老板|同事|室友|朋友|闺蜜|前任|新郎|新娘|嘉宾|选手|女友|男友|教师|外卖小哥|成年人|俄军|飞行员|景区|导弹|疫苗|病例|事故|停电|降落|起飞|照顾|辅导|"
    r"^(?:我|你|他|她|它|人|谁|啥|什么|这里|那里|大家|自己|全员|全场|快|要|想|别|不|没|很|太|真|会|能|已|去|来|看|听|说|做|拍|写|热|冷|痛|疼|[零一二三四五六七八九十\d]+.?)$"
)
# ... unless what fails is plainly a system.
_SYSTEM = re.compile(
    r"(?:app|系统|平台|官网|网站|小程序|公众号|健康码|[\u4e00-\u9fff]码|网校|网课|后台|客户端|云盘|网盘|手游|云|tv)$"
)
_ENGLISH = (
    re.compile(r"#([a-z][a-z0-9_]{1,24}?)(?:is|are)?(?:down|outage|crashed)\b"),
    re.compile(
        r"\b(?:is|are) (?:the )?@?([a-z0-9][\w.\-&+]*(?: [a-z0-9][\w.\-&+]*){0,2}?) (?:down|offline|not working|broken|crashing)\b"
    ),
    re.compile(
        r"@?\b([a-z0-9][\w.\-&+]*(?: (?:app|website|web|servers?|store|login|mail|cloud|pay|bank))?) (?:is|are|has been|just went|went|keeps|has) (?:currently |completely |all |still |totally )?(?:down|offline|crashing|crashed|not working|broken|unavailable|gone down)\b"
    ),
    re.compile(r"@([a-z][\w]{1,24}?)_?(?:support|help|cares|care|status|helps|assist)\b"),
    re.compile(r"@(?:ask|team)_?([a-z][\w]{1,24})\b"),
)
_ORDINARY = frozenset(
    "it this that everything anything something nothing he she they we you i who what which there here life world market stock stocks "
    "the my your his her our their phone computer laptop mood heart car power internet wifi electricity one all both some same system site "
    "website app page link server servers someone anyone everyone people day today night battery temperature price prices sun moon kid baby "
    "morale economy voice screen door elevator lift plane train flight road bridge not down still so just really now also and or but if "
    "dm customer tech help phones lines line things stuff guy man woman dad mom game song video music bag bags".split()
)


def discovered(own: str, hits: Sequence[Hit], lexicon: Lexicon) -> str:
    """Return the unlisted subject that fails in the folded text ``own``, ``""`` if there is none.

    Examples
    --------
    "画包包又崩了" names 画包包; "心态崩了" and "is it down" name nothing.
    """
    for hit in hits:
        if lexicon.groups[hit.group].names and (subject := _before(own, hit.start)):
            return subject
    return _english(own)


def _before(own: str, start: int) -> str:
    chunk = _STOP.split(own[max(start - 24, 0) : start].rstrip())[-1]
    chunk = _LEAD.sub("", chunk)
    while (bare := _BETWEEN.sub("", chunk)) != chunk:
        chunk = bare
    if not 2 <= len(chunk) <= _longest(chunk) or chunk in _ORDINARY:
        return ""
    return "" if _NO_SERVICE.search(chunk) and not _SYSTEM.search(chunk) else chunk


def _longest(chunk: str) -> int:
    """Chinese says more per character; a longer run of it is a clause, not a name."""
    return _LONGEST if _SYSTEM.search(chunk) or chunk.isascii() else 9


def _english(own: str) -> str:
    for pattern in _ENGLISH:
        for match in pattern.finditer(own):
            words = [w for w in match[1].split() if w not in {"the", "my", "your", "a"}]
            if words and words[0] not in _ORDINARY and len(words[0]) > 1:
                return " ".join(words)
    return ""
