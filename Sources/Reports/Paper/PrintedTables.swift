/// The figures that the paper prints: Zhan et al., "Rethinking Token Reduction for State Space Models", EMNLP 2024
/// (arXiv 2410.14725), Tables 1–6.
///
/// FLOPs reduction and accuracies in percent, perplexity on LAMBADA, the paper's own averages; as printed, misprints
/// included.
public enum PrintedTables {
    /// Every printed row, table by table.
    public static let rows: [PrintedRow] =
        main(1, table1) + main(2, table2) + design(3, table3) + design(4, table4) + design(5, table5) + main(6, table6)

    /// Mamba-2.
    private static let table1 = """
        model        method  FLOPs        PPL  LAMBADA  HellaSwag  PIQA  ARC-E  ARC-C  WinoGrande   Avg
        mamba2-1.3b  none        0       5.02     65.7       59.9  73.2   64.3   33.3        60.9  59.5
        mamba2-1.3b  pumer      10     532.52     33.3       27.5  61.3   57.8   30.6        59.8  45.1
        mamba2-1.3b  evit       10      27.10     52.2       32.9  68.9   63.2   33.2        61.0  51.9
        mamba2-1.3b  utrc       10      11.16     55.9       59.2  71.0   64.3   34.1        61.0  57.6
        mamba2-1.3b  pumer      20   49017.23     14.9       25.5  54.1   45.5   28.2        54.4  37.1
        mamba2-1.3b  evit       20    1655.76     32.4       26.5  59.4   56.9   30.6        59.4  44.2
        mamba2-1.3b  utrc       20      25.94     46.1       58.0  64.3   64.0   34.4        60.7  54.6
        mamba2-2.7b  none        0       4.10     69.7       66.6  76.4   69.6   36.4        64.0  63.8
        mamba2-2.7b  pumer      10     712.73     36.4       27.2  63.4   63.8   30.9        63.5  47.5
        mamba2-2.7b  evit       10      11.43     55.8       35.7  72.0   69.1   35.4        64.1  55.4
        mamba2-2.7b  utrc       10       8.55     59.0       66.1  73.2   69.4   36.5        64.0  61.4
        mamba2-2.7b  pumer      20    7820.51     20.7       25.9  56.0   50.5   28.8        56.0  39.7
        mamba2-2.7b  evit       20     196.42     44.5       28.8  65.1   62.3   32.6        63.9  49.6
        mamba2-2.7b  utrc       20      17.96     49.1       64.7  68.2   69.4   37.5        63.1  58.7
        mamba2-2.7b  pumer      30   49301.49     10.6       26.9  53.9   44.4   29.2        53.5  36.4
        mamba2-2.7b  evit       30    3412.13     27.9       25.9  57.7   51.8   27.3        59.1  41.6
        mamba2-2.7b  utrc       30      42.61     38.3       59.4  61.2   68.4   37.3        63.9  54.7
        """

    /// Mamba-1.
    private static let table2 = """
        model        method  FLOPs        PPL  LAMBADA  HellaSwag  PIQA  ARC-E  ARC-C  WinoGrande   Avg
        mamba-1.4b   none        0       5.04     64.9       59.1  74.2   65.5   32.8        61.5  59.7
        mamba-1.4b   pumer      10     534.91     34.6       25.8  59.7   55.6   29.5        59.5  44.1
        mamba-1.4b   evit       10      43.69     47.6       33.0  69.2   64.3   32.1        61.4  51.3
        mamba-1.4b   utrc       10      11.46     56.5       58.9  71.3   65.1   33.9        61.4  57.8
        mamba-1.4b   pumer      20   11733.02     13.1       25.6  52.5   41.8   27.2        48.8  34.8
        mamba-1.4b   evit       20    5687.80     21.8       26.3  58.4   54.0   28.2        58.2  41.1
        mamba-1.4b   utrc       20      31.32     44.9       57.7  62.8   62.8   33.2        59.0  53.4
        mamba-2.8b   none        0       4.23     69.2       66.1  75.2   69.7   36.3        63.5  63.3
        mamba-2.8b   pumer      10     487.09     36.6       26.3  62.4   63.6   30.7        63.1  47.1
        mamba-2.8b   evit       10     174.92     51.8       35.7  71.0   68.9   35.7        63.2  54.4
        mamba-2.8b   utrc       10       9.53     59.9       66.0  72.0   69.8   36.7        63.5  61.3
        mamba-2.8b   pumer      20   10746.15     17.9       25.3  52.5   47.0   28.7        52.0  37.2
        mamba-2.8b   evit       20    9784.73     26.9       24.8  59.9   57.2   29.9        63.1  43.6
        mamba-2.8b   utrc       20      23.97     49.0       63.8  62.3   68.5   38.1        64.0  57.6
        mamba-2.8b   pumer      30  140763.76      6.0       26.0  54.6   41.5   26.6        51.7  34.4
        mamba-2.8b   evit       30   63230.76     12.3       25.0  52.5   41.9   23.6        51.9  34.5
        mamba-2.8b   utrc       30      81.16     36.1       39.4  58.1   66.2   37.1        60.8  49.6
        """

    /// The importance metric, at the 20 % of Tables 1 and 2, whose rows the clip rows are.
    private static let table3 = """
        model        FLOPs  importance  layers                q_hidden  q_residual     PPL   Avg
        mamba2-2.7b     20  l1          schedule                   0.5         0.0    17.96  58.6
        mamba2-2.7b     20  l2          schedule                   0.5         0.0    19.86  58.6
        mamba2-2.7b     20  noclip      schedule                   0.5         0.0    18.17  58.5
        mamba2-2.7b     20  clip        schedule                   0.5         0.0    17.96  58.7
        mamba-2.8b      20  l1          schedule                   0.5         0.0    23.93  56.8
        mamba-2.8b      20  l2          schedule                   0.5         0.0    23.93  57.5
        mamba-2.8b      20  noclip      schedule                   0.5         0.0  1365.69  40.7
        mamba-2.8b      20  clip        schedule                   0.5         0.0    23.97  57.6
        """

    /// The layers after which tokens go, from 0.
    private static let table4 = """
        model        FLOPs  importance  layers                q_hidden  q_residual     PPL   Avg
        mamba2-2.7b     20  clip        20,25,30,35,40,45,50       0.5         0.0    18.88  57.8
        mamba2-2.7b     20  clip        18,23,28,33,38,43,48       0.5         0.0    18.32  58.3
        mamba2-2.7b     20  clip        16,21,26,31,36,41,46       0.5         0.0    18.79  58.1
        mamba2-2.7b     20  clip        14,19,24,29,34,39,44       0.5         0.0    18.74  58.3
        mamba2-2.7b     20  clip        10,15,20,25,30,35,40       0.5         0.0    18.76  58.2
        mamba2-2.7b     20  clip        12,17,22,27,32,37,42       0.5         0.0    17.96  58.7
        """

    /// The design of the branches: q of the matched rows are pruned and the others merged, so "merge" is 0, "prune" 1.
    private static let table5 = """
        model        FLOPs  importance  layers                q_hidden  q_residual     PPL   Avg
        mamba2-2.7b     30  clip        schedule                   0.0         0.0    42.61  54.0
        mamba2-2.7b     30  clip        schedule                   1.0         1.0    42.65  53.9
        mamba2-2.7b     30  clip        schedule                   0.8         0.2    42.65  54.3
        mamba2-2.7b     30  clip        schedule                   0.2         0.8    42.67  54.1
        mamba2-2.7b     30  clip        schedule                   0.5         0.5    42.35  53.7
        mamba2-2.7b     30  clip        schedule                   0.5         1.0    42.67  54.1
        mamba2-2.7b     30  clip        schedule                   0.5         0.0    40.61  54.7
        """

    /// LTMP.
    private static let table6 = """
        model        method  FLOPs        PPL  LAMBADA  HellaSwag  PIQA  ARC-E  ARC-C  WinoGrande   Avg
        mamba2-2.7b  ltmp       10      55.00     52.0       34.1  72.4   69.2   35.7        62.2  57.2
        mamba2-2.7b  ltmp       20     466.40     38.4       27.7  63.5   64.7   33.1        63.8  48.5
        mamba2-2.7b  ltmp       30    4670.71     22.3       24.9  58.9   54.0   28.3        59.2  41.3
        """

    private static func main(_ table: Int, _ text: String) -> [PrintedRow] {
        lines(text).map { words in
            PrintedRow(
                table: table, model: words[0], method: words[1], flops: number(words[2]) / 100, design: .init(),
                figures: Dictionary(uniqueKeysWithValues: zip(PaperColumn.allCases, words[3...].map(number))))
        }
    }

    private static func design(_ table: Int, _ text: String) -> [PrintedRow] {
        lines(text).map { words in
            PrintedRow(
                table: table, model: words[0], method: "utrc", flops: number(words[1]) / 100,
                design: .init(
                    importance: words[2],
                    layers: words[3] == "schedule" ? nil : words[3].split(separator: ",").compactMap { Int($0) },
                    hiddenPrune: number(words[4]), residualPrune: number(words[5])),
                figures: [.lambadaPerplexity: number(words[6]), .average: number(words[7])])
        }
    }

    /// The words of each line below the heads.
    private static func lines(_ text: String) -> [[String]] {
        let lines = text.split(separator: "\n").map { $0.split(separator: " ").map(String.init) }
        precondition(lines.allSatisfy { $0.count == lines[0].count }, "a printed table's lines differ in length")
        return Array(lines.dropFirst())
    }

    private static func number(_ word: String) -> Double {
        guard let number = Double(word) else { preconditionFailure("'\(word)' is no printed number") }
        return number
    }
}
