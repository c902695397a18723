"""CRC-32C (Castagnoli) in plain Python."""

POLYNOMIAL = 0x82F63B78


def table():
    entries = []
    for byte in range(256):
        for _ in range(8):
            byte = byte >> 1 ^ (POLYNOMIAL if byte & 1 else 0)
        entries.append(byte)
    return tuple(entries)


TABLE = table()


def crc32c(data):
    crc = 0xFFFFFFFF
    entries = TABLE
    for byte in data:
        crc = entries[(crc ^ byte) & 0xFF] ^ crc >> 8
    return crc ^ 0xFFFFFFFF
