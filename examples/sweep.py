"""When is there room for full rank? Every cell of a small grid, proved, and the certificate of one of them."""

import lossproof as lp

result = lp.sweep("2-{1..6}-1", "1..30", "tanh,power:2", bias="none", workers=0)
print(result.counts())
for cell in (result.cell("2-6-1", "tanh", T=18), result.cell("2-6-1", "tanh", T=30), result.cell("2-6-1", "power:2", T=18)):
    print(
        f"{cell.widths}, {cell.activation}, T = {cell.T}: rank {cell.rank} of {cell.columns}, {cell.verdict} (upper bound: {cell.reason})"
    )

print("certificate accepted:", lp.verify(result.certificate(cell).text).ok)
result.save("rank_by_width.png")
