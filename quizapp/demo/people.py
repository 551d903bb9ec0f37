"""Made-up names, and how well a made-up person answers. Pure: the chance comes in as an argument."""

from random import Random

SURNAMES = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎余潘杜戴夏钟汪田任姜范方石姚谭廖邹熊金陆郝孔白崔康毛邱秦江史顾侯邵孟龙万段雷钱汤尹黎易常武乔贺赖龚文"  # noqa: E501
GIVEN_NAMES = (
    "伟 芳 敏 静 磊 洋 艳 勇 军 杰 娟 涛 明 超 霞 平 刚 桂英 建国 秀兰 志强 海燕 晓东 文博 思远 雨桐 子涵 佳怡 宇航 浩然 "
    "欣妍 俊熙 嘉豪 梦琪 诗涵 若曦 天佑 立新 春梅 国庆 红梅 永强 丽华 玉珍 振华 慧敏 雪峰 家辉 月娥 向阳"
).split(" ")


def made_up_name(chance: Random) -> str:
    """A surname and a given name."""
    return chance.choice(SURNAMES) + chance.choice(GIVEN_NAMES)


def made_up_choice(chance: Random, *, skill: float, right: int, option_count: int, several: bool) -> int:
    """The mask that a person of that skill (0 to 1, the share of questions known) chooses; 0 now and then: skipped."""
    if chance.random() < skill:
        return right
    if chance.random() < 0.02:
        return 0
    letters = range(option_count)
    count = chance.randint(2, option_count) if several else 1
    return sum(1 << letter for letter in chance.sample(letters, count))
