"""A certificate is accepted by the kernel, and rejected after the smallest change."""

import json

import lossproof as lp

X = [[0, 0], [0, 1], [1, 0], [1, 1]]
Y = [[0], [1], [1], [0]]
report = lp.check_architecture((2, 3, 1), X, Y, activation="sigmoid")
report.save("sigmoid.html")  # and sigmoid.json, the certificate, beside it

print("as written:", lp.verify("sigmoid.json").ok)

with open("sigmoid.json", encoding="utf-8") as file:
    document = json.load(file)
for step in document["steps"]:
    if step["conclusion"].get("matrix") == "P" and "rank_lower" in step["conclusion"]:
        step["conclusion"]["rank_lower"] += 1
verification = lp.verify(document)
print("one number changed:", verification.ok)
print(verification.failures[0])
