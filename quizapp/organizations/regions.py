"""The 34 province-level regions (GB/T 2260) and the 20 sections of industry (GB/T 4754), by code. Pure.

The names are Chinese source text; `region_name` and `industry_name` in `words.py` give them in the reader's language.
"""

REGIONS = {
    "110000": "北京市",
    "120000": "天津市",
    "130000": "河北省",
    "140000": "山西省",
    "150000": "内蒙古自治区",
    "210000": "辽宁省",
    "220000": "吉林省",
    "230000": "黑龙江省",
    "310000": "上海市",
    "320000": "江苏省",
    "330000": "浙江省",
    "340000": "安徽省",
    "350000": "福建省",
    "360000": "江西省",
    "370000": "山东省",
    "410000": "河南省",
    "420000": "湖北省",
    "430000": "湖南省",
    "440000": "广东省",
    "450000": "广西壮族自治区",
    "460000": "海南省",
    "500000": "重庆市",
    "510000": "四川省",
    "520000": "贵州省",
    "530000": "云南省",
    "540000": "西藏自治区",
    "610000": "陕西省",
    "620000": "甘肃省",
    "630000": "青海省",
    "640000": "宁夏回族自治区",
    "650000": "新疆维吾尔自治区",
    "710000": "台湾省",
    "810000": "香港特别行政区",
    "820000": "澳门特别行政区",
}

INDUSTRIES = {
    "A": "农、林、牧、渔业",
    "B": "采矿业",
    "C": "制造业",
    "D": "电力、热力、燃气及水生产和供应业",
    "E": "建筑业",
    "F": "批发和零售业",
    "G": "交通运输、仓储和邮政业",
    "H": "住宿和餐饮业",
    "I": "信息传输、软件和信息技术服务业",
    "J": "金融业",
    "K": "房地产业",
    "L": "租赁和商务服务业",
    "M": "科学研究和技术服务业",
    "N": "水利、环境和公共设施管理业",
    "O": "居民服务、修理和其他服务业",
    "P": "教育",
    "Q": "卫生和社会工作",
    "R": "文化、体育和娱乐业",
    "S": "公共管理、社会保障和社会组织",
    "T": "国际组织",
}

_REGION_ENDS = ("特别行政区", "维吾尔自治区", "壮族自治区", "回族自治区", "自治区", "省", "市")


def _short(name: str) -> str:
    for end in _REGION_ENDS:
        if name.endswith(end):
            return name.removesuffix(end)
    return name


_REGION_CODES = {spelling: code for code, name in REGIONS.items() for spelling in (code, code[:2], name, _short(name))}
_INDUSTRY_CODES = {spelling: code for code, name in INDUSTRIES.items() for spelling in (code, name)}


def read_region(text: str) -> str | None:
    """The code of a region written as its code, its name or its short name (陕西), or None."""
    return _REGION_CODES.get(text.strip())


def read_industry(text: str) -> str | None:
    """The code of an industry written as its letter or its name, or None."""
    return _INDUSTRY_CODES.get(text.strip()) or _INDUSTRY_CODES.get(text.strip().upper())
