"""Chinese (simplified): nothing inflects."""

from pytest_emid.data.scenes.languages.base import Language

CHINESE = Language(
    code="zh",
    name="Chinese",
    shapes={
        "circle": {"bare": "圆形"},
        "square": {"bare": "正方形"},
        "triangle": {"bare": "三角形"},
        "cross": {"bare": "十字形"},
        "ring": {"bare": "圆环"},
    },
    colors={
        "red": {"bare": "红色"},
        "green": {"bare": "绿色"},
        "blue": {"bare": "蓝色"},
        "yellow": {"bare": "黄色"},
        "purple": {"bare": "紫色"},
        "orange": {"bare": "橙色"},
        "white": {"bare": "白色"},
        "black": {"bare": "黑色"},
    },
    colored={"bare": "{bare}图形"},
    templates={
        "color": (
            "{a[bare]}是什么颜色的？",
            "告诉我{a[bare]}的颜色。",
            "图中{a[bare]}的颜色是什么？",
            "{a[bare]}呈什么颜色？",
        ),
        "shape": (
            "哪个图形是{a[bare]}的？",
            "{a[bare]}的物体是什么？",
            "说出{a[bare]}图形的名称。",
            "{a[bare]}的那个是什么形状？",
        ),
        "place": (
            "{a[bare]}在哪里？",
            "{a[bare]}在图像的哪个部分？",
            "告诉我{a[bare]}在哪里。",
            "在图片的什么地方能找到{a[bare]}？",
        ),
        "count": (
            "一共有多少个图形？",
            "数一数图中的物体。",
            "你能看到多少个物体？",
            "图片中图形的数量是多少？",
        ),
        "size": (
            "{a[bare]}是小的还是大的？",
            "{a[bare]}是什么尺寸的？",
            "{a[bare]}有多大？",
            "告诉我{a[bare]}的大小。",
        ),
        "describe": (
            "描述这幅图像。",
            "你在图片中看到了什么？",
            "详细描述这张图片。",
            "图像中显示了什么？",
            "请完整地描述这幅图像。",
        ),
        "compare": (
            "{a[bare]}和{b[bare]}哪个更大？",
            "比较{a[bare]}和{b[bare]}的大小。",
            "是{a[bare]}更大还是{b[bare]}更大？",
        ),
        "relate": (
            "{a[bare]}相对于{b[bare]}在哪里？",
            "{a[bare]}相对于{b[bare]}的位置如何？",
            "从{b[bare]}看，{a[bare]}在哪里？",
        ),
        "company": (
            "只有{a[bare]}吗？",
            "除了{a[bare]}还有别的东西吗？",
            "除了{a[bare]}还有什么？",
        ),
    },
)
