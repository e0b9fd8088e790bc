#pragma once

#include <nlohmann/json_fwd.hpp>

#include <cstdint>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

/// Every hyper-parameter of a training run, with the defaults of the corrected preset.
namespace merc {

/// A request that makes no sense whatever the data is: one clear line. The program ends with status 2.
struct UsageError : std::invalid_argument {
  using std::invalid_argument::invalid_argument;
};

/// What is averaged into the embedding of a dialog.
enum class Pooling {
  Masked,  ///< the utterances
  Padded,  ///< the utterances and the padding behind them, as the released code does; forces the padded layout
};

/// How the contrastive term is computed.
enum class Arithmetic {
  Exact,     ///< log-sum-exp, no epsilon
  Official,  ///< 1e-8 in both logarithms, row maximum with self, as the released code does
};

/// Which epoch's weights are kept.
enum class Selection {
  DevWeightedF1,   ///< highest; the first of equals, unless the later one has the lower dev loss
  DevLoss,         ///< lowest
  Last,            ///< the last epoch
  TestWeightedF1,  ///< highest on the test set: a diagnostic, never a result
};

/// A weight for each class in the cross-entropy, from the training split alone.
enum class ClassWeights {
  None,
  Balanced,  ///< utterances / (classes x utterances of the class)
};

/// How much the positives of a dialog count.
enum class Weights {
  Hard,  ///< all the same, summed inside the logarithm
  Soft,  ///< exp(-distance / sigma), normalised over a dialog's positives, logarithms averaged with those weights
};

/// What reads the utterances of a modality in their order. The contrastive term does not care.
enum class Backbone {
  Transformer,  ///< the released one
  Gru,          ///< bidirectional, half of `hidden` each way, no positions
};

/// How the modalities of an utterance become one row.
enum class Fusion {
  Linear,     ///< side by side, then a linear map, as the released code does
  Nonlinear,  ///< the same, and max(0, x) behind it
  Gated,      ///< each modality mapped, then their mean by weights that the utterance chooses
};

/// Which loss the contrastive term is: IDCL, or any of the library's that needs no weights of its own.
enum class Contrastive {
  None,  ///< there is none
  Idcl,  ///< positives are the nearest in the other modality, or by `positives`

  // Positives have the same label; stage 2 only. The modalities side by side; a dialog's label is its most frequent one.
  Angular, Circle, Contrastive, FastAP, GeneralizedLiftedStructure, Histogram, IntraPairVariance, LiftedStructure, Margin,
  MultiSimilarity, NPairs, NCA, NTXent, PNP, RankedList, SignalToNoiseRatioContrastive, SmoothAP, SupCon, ThresholdConsistentMargin,
  TripletMargin, TupletMargin,

  // The positive is the same dialog, or utterance, in the other modality.
  BarlowTwins, Clip, DecoupledContrastive, InfoNCE, SigLip, VICReg,
};

/// Are positives those of the same label?
inline bool by_label(Contrastive loss) { return loss >= Contrastive::Angular && loss <= Contrastive::TupletMargin; }

/// Is the positive the same row in another modality?
inline bool by_pair(Contrastive loss) { return loss >= Contrastive::BarlowTwins; }

/// What is contrasted.
enum class ContrastOn {
  Dialog,     ///< the mean of a dialog
  Utterance,  ///< each utterance
  Both,       ///< both, the mean of the two terms
};

/// What becomes of the learning rate.
enum class Schedule {
  Constant,
  Cosine,   ///< down to zero along half a cosine, over the epochs of the stage
  Plateau,  ///< times `schedule_factor` after `schedule_patience` epochs without a lower dev loss (stage 1: training loss)
};

/// What is trained: cross-entropy (A), plus the contrastive term (B), after contrastive pre-training (C).
enum class Ablation { A, B, C };

/// Which dialogs of the pre-training corpus are used.
enum class PretrainSplits {
  TrainDev,  ///< train and dev
  All,       ///< test as well, as the released code does
};

/// The network. See model/network.hpp.
struct Architecture {
  std::vector<std::string> modalities{"text", "audio"};  ///< names of the corpus; the contrastive term takes all pairs of them
  int64_t hidden = 512;                                  ///< width of everything, a multiple of `heads`
  int64_t heads = 8;
  int64_t layers = 1;
  double dropout = 0.5;       ///< in [0, 1)
  bool norm_first = false;    ///< layer norm before the attention of the first layer as well
  bool pre_norm = false;      ///< x + attention(norm(x)) in every layer; the released code adds norm(x) instead of x
  bool dead_modules = false;  ///< also hold the modules of the released code that never see a gradient
  Backbone backbone = Backbone::Transformer;
  Fusion fusion = Fusion::Linear;
  bool speaker_embedding = false;  ///< a learnt vector a speaker, added to the projected features of every modality
};

/// One optimisation: stage 1 (contrastive pre-training) or stage 2 (fine-tuning).
struct Stage {
  int64_t epochs = 200;
  int64_t batch_size = 0;        ///< dialogs a step; 0: all in one batch
  bool group_by_length = false;  ///< batches of dialogs of similar length
  double learning_rate = 1e-3;   ///< Adam
  double weight_decay = 1e-4;    ///< L2, in the gradient; parameters without a gradient are left alone
  double clip = 5.0;             ///< bound on the total gradient norm; 0: none
  double idcl_weight = 0.05;     ///< of the contrastive term; cross-entropy has weight 1 in stage 2 and 0 in stage 1
  int64_t num_neighbors = 15;    ///< K
  double temperature = 0.1;         ///< of the contrastive losses that have one
  int64_t memory_bank = 0;          ///< dialogs of earlier batches that stay as references of the contrastive term; 0: none
  bool memory_bank_unique = false;  ///< a dialog stands once among the references: in the batch, else by its newest row in the bank

  /// Who the K positives of a dialog are. "feature": its neighbours in the other modality; "random": others drawn once; "trajectory:NAME":
  /// those whose labels take the most similar course, by a measure of trajectory/measures.hpp ("trajectory": by the default one).
  std::string positives = "feature";
  Weights weights = Weights::Hard;
  double sigma = 0.1;       ///< of soft weights, in the measure's unit
  double exclude_near = 0;  ///< a dialog nearer than this by trajectory is no negative; 0: all are

  Contrastive contrastive = Contrastive::Idcl;
  ContrastOn contrast_on = ContrastOn::Dialog;

  Schedule schedule = Schedule::Constant;
  int64_t warmup_epochs = 0;  ///< over which the learning rate rises from zero, whatever the schedule
  int64_t schedule_patience = 10;
  double schedule_factor = 0.5;  ///< in (0, 1)
  int64_t accumulate = 1;        ///< batches whose mean gradient makes one step
  double ema = 0;  ///< decay a step of the moving average of the weights that is evaluated and kept, in [0, 1); 0: the weights themselves
};

/// A run. `Config{}` is the corrected preset, `Config::official()` what the released code does.
struct Config {
  Ablation ablation = Ablation::C;
  Architecture model;
  Stage pretrain{.epochs = 30, .batch_size = 128, .learning_rate = 1e-4, .temperature = 1.0, .memory_bank = 512};
  Stage finetune;

  Pooling pooling = Pooling::Masked;
  Arithmetic arithmetic = Arithmetic::Exact;
  bool limit_neighbors = true;  ///< K at most half of the other dialogs, so that a small batch keeps negatives
  ClassWeights class_weights = ClassWeights::None;
  double label_smoothing = 0;  ///< share of the target that goes to all classes alike, in [0, 1)
  PretrainSplits pretrain_splits = PretrainSplits::TrainDev;

  Selection selection = Selection::DevWeightedF1;
  int64_t patience = 0;  ///< epochs of stage 2 without a better dev score before it ends; 0: never

  uint64_t seed = 0;
  std::string device = "cpu";  ///< "cpu", "cuda", "cuda:1"
  int64_t threads = 0;         ///< 0: as many as there are cores
  bool deterministic = false;  ///< refuse operations without a deterministic implementation
  double save_seconds = 60;    ///< the state is written at the end of an epoch when this much time has passed since the last

  /// The parity preset: padded pooling, the released arithmetic, dead modules, K as given, 1000 full-batch steps of stage 1 on
  /// all splits, seed 20260505.
  static Config official();
};

/// Throws UsageError for the first value that makes no sense: "merc: `finetune.temperature` must be positive, got 0".
void check(const Config& config);

/// The names that flags and files use.
inline const std::map<std::string, Pooling> pooling_names{{"masked", Pooling::Masked}, {"padded", Pooling::Padded}};
inline const std::map<std::string, Arithmetic> arithmetic_names{{"exact", Arithmetic::Exact}, {"official", Arithmetic::Official}};
inline const std::map<std::string, Selection> selection_names{
    {"dev", Selection::DevWeightedF1}, {"dev-loss", Selection::DevLoss}, {"last", Selection::Last}, {"test", Selection::TestWeightedF1}};
inline const std::map<std::string, ClassWeights> class_weight_names{{"none", ClassWeights::None}, {"balanced", ClassWeights::Balanced}};
inline const std::map<std::string, Ablation> ablation_names{{"A", Ablation::A}, {"B", Ablation::B}, {"C", Ablation::C}};
inline const std::map<std::string, Weights> weights_names{{"hard", Weights::Hard}, {"soft", Weights::Soft}};
inline const std::map<std::string, Backbone> backbone_names{{"transformer", Backbone::Transformer}, {"gru", Backbone::Gru}};
inline const std::map<std::string, Fusion> fusion_names{
    {"linear", Fusion::Linear}, {"nonlinear", Fusion::Nonlinear}, {"gated", Fusion::Gated}};
inline const std::map<std::string, Contrastive> contrastive_names{
    {"none", Contrastive::None}, {"idcl", Contrastive::Idcl}, {"angular", Contrastive::Angular}, {"circle", Contrastive::Circle},
    {"contrastive", Contrastive::Contrastive}, {"fast_ap", Contrastive::FastAP},
    {"generalized_lifted_structure", Contrastive::GeneralizedLiftedStructure}, {"histogram", Contrastive::Histogram},
    {"intra_pair_variance", Contrastive::IntraPairVariance}, {"lifted_structure", Contrastive::LiftedStructure},
    {"margin", Contrastive::Margin}, {"multi_similarity", Contrastive::MultiSimilarity}, {"n_pairs", Contrastive::NPairs},
    {"nca", Contrastive::NCA}, {"nt_xent", Contrastive::NTXent}, {"pnp", Contrastive::PNP}, {"ranked_list", Contrastive::RankedList},
    {"signal_to_noise_ratio_contrastive", Contrastive::SignalToNoiseRatioContrastive}, {"smooth_ap", Contrastive::SmoothAP},
    {"sup_con", Contrastive::SupCon}, {"threshold_consistent_margin", Contrastive::ThresholdConsistentMargin},
    {"triplet_margin", Contrastive::TripletMargin}, {"tuplet_margin", Contrastive::TupletMargin},
    {"barlow_twins", Contrastive::BarlowTwins}, {"clip", Contrastive::Clip},
    {"decoupled_contrastive", Contrastive::DecoupledContrastive}, {"info_nce", Contrastive::InfoNCE}, {"sig_lip", Contrastive::SigLip},
    {"vic_reg", Contrastive::VICReg}};
inline const std::map<std::string, ContrastOn> contrast_on_names{
    {"dialog", ContrastOn::Dialog}, {"utterance", ContrastOn::Utterance}, {"both", ContrastOn::Both}};
inline const std::map<std::string, Schedule> schedule_names{
    {"constant", Schedule::Constant}, {"cosine", Schedule::Cosine}, {"plateau", Schedule::Plateau}};
inline const std::map<std::string, PretrainSplits> pretrain_splits_names{{"train-dev", PretrainSplits::TrainDev},
                                                                         {"all", PretrainSplits::All}};

/// More threads than any machine has cores, and no more than a system lets a process have.
inline constexpr int64_t most_threads = 1024;

/// Both ways through JSON; an unknown key or a wrong type is a UsageError that names it, a key left out keeps its default.
void to_json(nlohmann::json& json, const Config& config);
void from_json(const nlohmann::json& json, Config& config);

}  // namespace merc
